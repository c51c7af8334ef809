"""What follows from energy levels, written once for all laws."""
