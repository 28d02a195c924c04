"""What is asked about institutions and consortia; scope first, frozen shapes out."""
