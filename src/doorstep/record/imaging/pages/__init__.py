"""The pages of imaging, and its DICOMweb door."""
