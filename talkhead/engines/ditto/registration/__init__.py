"""What is learnt of a face before it speaks: its crop, its shape, its eyes."""
