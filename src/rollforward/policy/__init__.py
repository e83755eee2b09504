"""What counts: policies as named, versioned rules."""
