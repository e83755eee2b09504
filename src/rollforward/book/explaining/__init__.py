"""Every number opens: metric -> movements -> spans -> records -> the row they came from, with the rules applied."""
