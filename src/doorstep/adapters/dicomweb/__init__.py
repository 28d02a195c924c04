"""DICOMweb (PS3.18) as a client of an archive: DICOM JSON, multipart, searches and streams. It knows no room."""
