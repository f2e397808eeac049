"""What goes over the wire: envelopes up (client to hub), down (hub to client), and audio frames.

Pure: bytes in, values out. `PROTOCOL.md` is the treaty; the vectors in `tests/vectors/wire` are run by
this module and by the TypeScript client.
"""
