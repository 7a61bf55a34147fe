"""TensorBoard's event files, read in numpy: every scalar, every checksum, and an account of what is damaged.

From bytes to series: `files` opens; `frames` finds the records, where the last ones foretell them (`pattern`) or by
search (`headers`); `decode` has those of a known form (`forms`, `layout`) read as columns (`shape`, `field`) and hands
the others one by one to `event` (`wire`, `tensor`, `hparams`); `store` collects the points and deals them out by tag;
`writers` joins the files of a folder.
"""
