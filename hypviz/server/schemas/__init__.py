"""What the bodies and queries of the routes are, one module a subject: read, checked and described in one place.

`/hypviz/openapi.json` is made of these models. What depends on the data that are asked about (is there such a row, such a layout) is
decided where they are known. Mistakes are answered by `hypviz.server.edge.unusable`.
"""
