"""What follows from log-odds of classes, written once for all laws."""
