"""What `runlens.render.openmetrics` is made of: the families, the labels of a run, and the samples."""
