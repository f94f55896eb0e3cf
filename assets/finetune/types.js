/**
 * What the server says about sets and trainings; no code.
 *
 * @typedef {Record<string, number>} Metrics   values by name
 *
 * @typedef {Object} Epoch          a row of the history
 * @property {number} epoch
 * @property {number} step
 * @property {boolean} best
 * @property {number|null} train_loss
 * @property {number|null} validation_loss
 * @property {Metrics} [metrics]
 * @property {number} reach         √c·r
 * @property {number} spread
 * @property {number} ext_down      radians
 * @property {number} ext_up
 * @property {number} radial_gradient
 *
 * @typedef {Object} Job            a training
 * @property {string} id
 * @property {"queued"|"running"|"stopped"|"interrupted"|"failed"|"cancelled"|"done"} state
 * @property {"finish"|"pause"|"cancel"|null} [ending]   what it is on its way to
 * @property {string} set
 * @property {string} [set_title]
 * @property {string} [set_apart]   what tells the set from others of its title that were trained on
 * @property {string} checkpoint    where it starts
 * @property {string} depth
 * @property {string|null} [kept]   the name of the checkpoint that was made of it
 * @property {boolean} [resumable]
 * @property {number} [queue_place]
 * @property {string} [what]        it does now
 * @property {number} [share]
 * @property {number} epoch
 * @property {number} [epochs]
 * @property {number} step
 * @property {number|null} [loss]
 * @property {number} [seconds]
 * @property {number|null} [seconds_left]
 * @property {number|null} [score_before]
 * @property {number|null} [score_best]
 * @property {boolean} [success]
 * @property {number|null} [best_epoch]
 * @property {boolean} [stopped_early]
 * @property {number} disk_epochs   epochs whose disk is there
 * @property {string} [error]
 * @property {{kind: string, text: string}[]} warnings
 * @property {Epoch[]} history
 * @property {number[][]} live      step and loss
 * @property {Metrics|null} [before]
 * @property {Metrics|null} [after]
 * @property {Metrics|null} [chance]
 * @property {{how: string}|null} [split]
 * @property {Record<string, unknown>} [settings]
 * @property {string} [hardware]
 * @property {number|null} [peak_memory_mib]
 * @property {string} [created]
 *
 * @typedef {Object} DataSet        to learn from
 * @property {string} name
 * @property {string} title
 * @property {number} images
 * @property {number} boxes
 * @property {string} [apart]   what tells it from others of its title
 * @property {{name: string, count: number}[]} classes
 * @property {number} levels
 * @property {boolean} usable
 * @property {string} why           it is not
 * @property {(string|{text: string})[]} [warnings]
 * @property {{dropped?: Record<string, {count: number, examples: string[]}>}} [report]
 * @property {string|null} [suited] the shipped checkpoint that suits it
 *
 * @typedef {Object} Setting
 * @property {string} name
 * @property {string} part
 * @property {string} title
 * @property {string} explanation
 * @property {"choice"|"bool"|"pair"|"int"|"float"} type
 * @property {string[]} [choices]
 * @property {number|null} [low]
 * @property {number|null} [high]
 * @property {SettingValue} default
 *
 * @typedef {string|boolean|number|number[]|null} SettingValue
 * @typedef {{name: string, backbone: string, dimension: number, licence: string}} CheckpointChoice
 * @typedef {{name: string, title: string, megabytes: number, size: number, licence: string, weights: string, needs?: string}} BackboneChoice
 * @typedef {{name: string, title: string, how: string}} DepthChoice
 * @typedef {{checkpoints: CheckpointChoice[], shipped: string[], backbones: BackboneChoice[], depths: DepthChoice[], settings: Setting[], licences: string[]}} Choices
 * @typedef {{split: {how: string}, epochs: number, steps_per_epoch: number, start?: string, warnings: (string|{text: string})[], settings: Record<string, SettingValue>}} Plan
 * @typedef {{path: string, file: File}} Brought   a file with its path
 */
