"""The doctor: what is at an address, found by asking, and the source file that follows from it.

`recognition` says what is there, `repository` and `json_api` examine it, `sampling` reads records as a harvest would, `report` puts it
together; `source_file` and `profile_page` write it down. Everything that comes from outside is bounded and made fit to show.
"""
