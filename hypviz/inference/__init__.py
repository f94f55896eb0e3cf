"""What a checkpoint makes of pictures: embeddings of a workspace, boxes it proposes."""
