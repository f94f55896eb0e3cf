/**
 * Where the Annotate tab is to go: other tabs say it here, and it looks when it is opened or comes to the front.
 *
 * @typedef {{data?: string, image?: number, key?: string|null}} Place   a set, one of its pictures, one of its boxes
 */

/** @type {{wanted: Place|null, chosen: Place|null}} wanted: asked for by a button; chosen: where Explore is */
export const places = { wanted: null, chosen: null };
