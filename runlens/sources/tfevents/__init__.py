"""TensorBoard's event files, read in numpy: every scalar, every checksum, and an account of what is damaged.

From bytes to series: `files` opens, `frames` finds the records (`headers`), `decode` sorts them into `layout`s that are
read as columns or hands them one by one to `event` (`wire`, `tensor`, `hparams`), `store` collects the points and deals
them out by tag, `writers` joins the files of a folder.
"""
