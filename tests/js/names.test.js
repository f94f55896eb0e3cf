// Trainings of one name are told apart by what a person knows of them, never by an id.
import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOf, nameOf } from "../../assets/finetune/names.js";

/** @typedef {import("../../assets/finetune/types.js").Job} Job */

/** @param {Partial<Job>} [own] @returns {Job} */
const job = (own) => ({
  id: "0a1b2c3d", state: "done", set: "cars-99998888", set_title: "cars", checkpoint: "/home/ada/photos", depth: "head", epoch: 3, step: 30,
  disk_epochs: 0, warnings: [], history: [], live: [], created: "2026-12-01T15:31:07+00:00", ...own,
}); // prettier-ignore

test("a training says its set, start and depth, then when, its state and its best score", () => {
  const [{ name, about }] = entriesOf([job({ score_before: 0.4731, score_best: 0.7942, kept: "my-cars" })]);
  assert.equal(name, "cars from photos, head only");
  assert.equal(about, "2026-12-01 15:31 UTC · finished · best score 0.794 (start 0.473) · kept as my-cars");
  const [running] = entriesOf([job({ state: "running", epochs: 40, score_before: 0.4, score_best: null })]);
  assert.equal(running.about, "2026-12-01 15:31 UTC · running, epoch 3 of 40", "no score before there is one");
  assert.equal(entriesOf([job({ state: "queued", queue_place: 2, resumable: true })])[0].about, "2026-12-01 15:31 UTC · number 2 in the queue");
});

test("seconds are said only where another of that name was started in the same minute", () => {
  const later = { created: "2026-12-01T15:31:40+00:00" };
  const two = entriesOf([job(), job(later), job({ ...later, depth: "all" })]);
  assert.deepEqual(two.map(({ about }) => about.split(" · ")[0]), ["2026-12-01 15:31:07 UTC", "2026-12-01 15:31:40 UTC", "2026-12-01 15:31 UTC"]); // prettier-ignore
});

test("sets of one title are told apart, and nothing shows an id", () => {
  const lines = entriesOf([job({ set_apart: "12 pictures" }), job({ set: "cars-11112222", set_apart: "15 pictures" })]);
  assert.deepEqual(lines.map(({ name }) => name), ["cars · 12 pictures from photos, head only", "cars · 15 pictures from photos, head only"]); // prettier-ignore
  assert.ok(lines.every(({ name, about }) => !/[0-9a-f]{8}/.test(name + about)));
  assert.equal(nameOf(job({ set_title: "" })), "cars-99998888 from photos, head only");
});
