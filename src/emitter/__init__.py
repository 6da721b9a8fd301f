"""emitter: the code-emission engine of a national goods-marking operator."""
