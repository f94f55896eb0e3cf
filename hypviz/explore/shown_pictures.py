"""The pictures of a view as the page shows them: cards of items and whole pictures, or a drawn card where there is no picture."""

from __future__ import annotations

from hypviz.data.items import Items
from hypviz.viz.pictures import placeholder, shown_picture, thumbnail
from hypviz.workspace.store import Workspace


class ShownPictures:
    """JPEG of the items of one view; keeps references only. items: with the classes that drawn cards name."""

    def __init__(self, workspace: Workspace, items: Items) -> None:
        self.workspace, self.items = workspace, items

    def thumb(self, row: int) -> bytes:
        """The small picture of an item; a drawn card with its class where there is no picture."""
        if not self.workspace.has_picture(row):
            return placeholder(*self._words(row))
        return thumbnail(self.items, row, self.workspace.thumbs)

    def picture(self, image: int) -> bytes:
        """One of the data set's pictures, upright, for the page: browsers cannot show every format.

        A drawn card where there is no picture, of the size that the items say.
        """
        row = int(self.items.offsets[image])
        if not self.workspace.has_picture(row):
            size = int(self.items.images.width[image]), int(self.items.images.height[image])
            return placeholder(*self._words(row), size=size)
        return shown_picture(self.items.path(row))

    def _words(self, row: int) -> tuple[str, str]:
        """What a card drawn in place of a picture says: the class, and which item it is."""
        return self.items.name(row), str(self.items.images.file_name[self.items.image[row]])
