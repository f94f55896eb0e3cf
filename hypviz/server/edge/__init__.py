"""The HTTP edge: what stands between a request and the routes (hypviz's and Gradio's alike). See docs/security.md.

From the outside in: `log` (an id and a line per request, headers of every answer), `hosts` (Host and Origin), `bodies` (sizes and
times), `gate` (who asks, sign-in, read-only), then the routes. `Edge` puts them around an application.
"""

from hypviz.server.edge.settings import EdgeSettings as EdgeSettings
from hypviz.server.edge.stack import surround as surround
