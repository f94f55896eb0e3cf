"""What the page needs to walk through pictures, without a server: a view of data and checkpoint, what is around a place, sets, exports."""
