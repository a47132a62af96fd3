"""The tests mirror the package; helpers of theirs are modules beside them."""
