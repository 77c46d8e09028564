CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('revision', 0);

CREATE TABLE adapter (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  flags INTEGER NOT NULL,
  bases TEXT NOT NULL,
  triggers TEXT NOT NULL,
  categories TEXT NOT NULL,
  rating INTEGER,
  real_person INTEGER NOT NULL,
  licence_name TEXT NOT NULL,
  commercial TEXT NOT NULL,
  credit_required INTEGER,
  derivatives INTEGER,
  different_licence INTEGER,
  hashes TEXT NOT NULL,
  file_names TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  autov3 TEXT NOT NULL,
  file_name TEXT NOT NULL,
  weight REAL NOT NULL,
  weight_source INTEGER NOT NULL,
  weight_count INTEGER NOT NULL,
  weight_evidence TEXT NOT NULL,
  frobenius_norm REAL NOT NULL,
  rank INTEGER NOT NULL,
  tensor_bases TEXT NOT NULL,
  downloads INTEGER NOT NULL,
  source TEXT NOT NULL,
  origin TEXT NOT NULL
);
CREATE INDEX adapter_revision ON adapter (revision);
CREATE INDEX adapter_sha256 ON adapter (sha256) WHERE sha256 <> '';
CREATE INDEX adapter_origin ON adapter (origin) WHERE origin <> '';
CREATE INDEX adapter_name ON adapter (name COLLATE NOCASE);
CREATE INDEX adapter_kind ON adapter (kind) WHERE kind <> 'lora';

CREATE TABLE document (
  row INTEGER PRIMARY KEY REFERENCES adapter (row),
  name TEXT NOT NULL,
  tags TEXT NOT NULL,
  triggers TEXT NOT NULL,
  description TEXT NOT NULL,
  cjk TEXT NOT NULL
);
CREATE VIRTUAL TABLE document_index USING fts5 (
  name, tags, triggers, description, cjk,
  content = 'document', content_rowid = 'row', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE prompts (row INTEGER PRIMARY KEY REFERENCES adapter (row), prompts TEXT NOT NULL);

CREATE TABLE source (
  key TEXT PRIMARY KEY,
  row INTEGER NOT NULL REFERENCES adapter (row),
  digest BLOB NOT NULL,
  payload TEXT
) WITHOUT ROWID;
CREATE INDEX source_row ON source (row);
CREATE INDEX source_digest ON source (digest);

CREATE TABLE place (
  path TEXT PRIMARY KEY,
  row INTEGER NOT NULL REFERENCES adapter (row),
  size_bytes INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  missing INTEGER NOT NULL,
  previews TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX place_row ON place (row);

CREATE TABLE known_hash (sha256 TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (sha256, row))
  WITHOUT ROWID;

CREATE TABLE stem (stem TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (stem, row)) WITHOUT ROWID;

CREATE TABLE facet (
  base TEXT NOT NULL,
  flags INTEGER NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY (base, flags, row)
) WITHOUT ROWID;

CREATE TABLE tag (tag TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (tag, row)) WITHOUT ROWID;

CREATE TABLE overlay (
  row INTEGER PRIMARY KEY REFERENCES adapter (row),
  favourite INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  weight REAL,
  triggers TEXT,
  rating INTEGER,
  notes TEXT NOT NULL
);

CREATE TABLE vector_set (
  number INTEGER PRIMARY KEY,
  encoder TEXT NOT NULL,
  field TEXT NOT NULL,
  UNIQUE (encoder, field)
);
CREATE TABLE vector (
  key INTEGER PRIMARY KEY,
  text_hash TEXT NOT NULL,
  value BLOB NOT NULL
);
CREATE TABLE refinement (
  row INTEGER NOT NULL REFERENCES adapter (row),
  refiner INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  author TEXT NOT NULL,
  input TEXT NOT NULL,
  language TEXT NOT NULL,
  summary TEXT NOT NULL,
  shows TEXT NOT NULL,
  usage TEXT NOT NULL,
  categories TEXT NOT NULL,
  triggers TEXT NOT NULL,
  prompt_words TEXT NOT NULL,
  weight REAL,
  weight_low REAL NOT NULL,
  weight_high REAL NOT NULL,
  weight_evidence TEXT NOT NULL,
  PRIMARY KEY (row, refiner)
) WITHOUT ROWID;

CREATE TABLE trigger_phrase (
  phrase TEXT NOT NULL,
  row INTEGER NOT NULL REFERENCES adapter (row),
  PRIMARY KEY (phrase, row)
) WITHOUT ROWID;
CREATE INDEX trigger_phrase_row ON trigger_phrase (row);

CREATE TABLE model_reply (
  number INTEGER PRIMARY KEY,
  row INTEGER NOT NULL REFERENCES adapter (row),
  model TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  input TEXT NOT NULL,
  outcome TEXT NOT NULL,
  text TEXT NOT NULL,
  requests INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  pictures INTEGER NOT NULL
);
CREATE INDEX model_reply_row ON model_reply (row);
UPDATE meta SET value = 5 WHERE key = 'revision';
INSERT INTO adapter VALUES (1, 'civitai:21', 5, 'Paper boats', 'lora', 0, 'sd15', 'paperboat', 'object', 0, 0, '', '', NULL, NULL, NULL, '', '', '', '', '', 0.8, 3, 0, '', 0.0, 0, '', 0, '', 'civitai:21');
INSERT INTO adapter VALUES (2, 'civitai:22', 4, 'Harbour keeper', 'lora', 0, 'sd15', 'hkeeper', 'clothing', 0, 0, '', '', NULL, NULL, NULL, '', '', '', '', '', 0.8, 3, 0, '', 0.0, 0, '', 0, '', 'civitai:22');
INSERT INTO document VALUES (1, 'Paper boats', 'object' || char(31) || 'paper', 'paperboat', 'Folded paper boats on still water.', '');
INSERT INTO document VALUES (2, 'Harbour keeper', 'clothing', 'hkeeper', 'A keeper of a harbour.', '');
INSERT INTO source VALUES ('cards:civitai:21', 1, X'6339376331313438326564623162633030323861376339376438643934353035', NULL);
INSERT INTO source VALUES ('cards:civitai:22', 2, X'6662336439653865366237303962643863303931393039343034323965326333', NULL);
INSERT INTO facet VALUES ('', 0, 1);
INSERT INTO facet VALUES ('', 0, 2);
INSERT INTO facet VALUES ('sd15', 0, 1);
INSERT INTO facet VALUES ('sd15', 0, 2);
INSERT INTO tag VALUES ('clothing', 2);
INSERT INTO tag VALUES ('object', 1);
INSERT INTO tag VALUES ('paper', 1);
INSERT INTO refinement VALUES (1, 0, 5, 'rules/1', 'ed5794d01cbcdaf82dd25fa33941eb83', 'en', 'Folded paper boats on still water.', 'Folded paper boats on still water.', '', 'object', '-' || char(31) || 'paperboat', '', 0.9, 0.9, 0.9, 'no card or example says a number; most such adapters are used near this');
INSERT INTO refinement VALUES (1, 1, 5, 'm/1', 'ed5794d01cbcdaf82dd25fa33941eb83', 'en', 'Folds small boats out of paper.', 'Small boats of folded paper float on still water in plain daylight.', '', 'object', '-' || char(31) || 'paperboat', '', 0.9, 0.9, 0.9, 'no card or example says a number; most such adapters are used near this');
INSERT INTO refinement VALUES (2, 0, 4, 'rules/1', '83c2dd8b79723bc69802bc8836b4a298', 'en', 'A keeper of a harbour.', 'A keeper of a harbour.', '', 'clothing', '-' || char(31) || 'hkeeper', '', 0.9, 0.9, 0.9, 'no card or example says a number; most such adapters are used near this');
INSERT INTO trigger_phrase VALUES ('hkeeper', 2);
INSERT INTO trigger_phrase VALUES ('paperboat', 1);
INSERT INTO model_reply VALUES (1, 1, 'm', '1', 'ed5794d01cbcdaf82dd25fa33941eb83', 'accepted', '{"summary": "Folds small boats out of paper.", "description": "Small boats of folded paper float on still water in plain daylight.", "categories": ["object"], "trigger_groups": [["paperboat"]], "weight": null}', 1, 100, 20, 0);
INSERT INTO document_index (rowid, name, tags, triggers, description, cjk) SELECT row, name, tags, triggers, description, cjk FROM document;
PRAGMA user_version = 2;
PRAGMA application_id = 1398033491;
