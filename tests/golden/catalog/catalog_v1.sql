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
UPDATE meta SET value = 2 WHERE key = 'revision';
INSERT INTO adapter VALUES (1, 'civitai:11', 2, 'Paper cranes', 'lora', 16, 'sd15', 'crn', 'style', 0, 0, '', 'Sell', 0, 1, 1, 'aa11223344556677889900aabbccddeeff00112233445566778899aabbccddee', 'crn_v2.safetensors', '', '', '', 0.7, 2, 0, 'weight 0.7', 0.0, 0, '', 5, 'written for this test', 'civitai:11');
INSERT INTO document VALUES (1, 'Paper cranes', 'style', 'crn', 'Folded birds of paper, weight 0.7.', '');
INSERT INTO prompts VALUES (1, 'a crane of paper');
INSERT INTO source VALUES ('cards:civitai:11', 1, X'3063373031383233633365626131326433383930323766613762383463343832', NULL);
INSERT INTO known_hash VALUES ('aa11223344556677889900aabbccddeeff00112233445566778899aabbccddee', 1);
INSERT INTO stem VALUES ('crn_v2', 1);
INSERT INTO facet VALUES ('', 16, 1);
INSERT INTO facet VALUES ('sd15', 16, 1);
INSERT INTO tag VALUES ('style', 1);
INSERT INTO overlay VALUES (1, 1, 0, NULL, NULL, NULL, 'kept');
INSERT INTO vector_set VALUES (1, 'use', 'title');
INSERT INTO vector VALUES (1099511627777, '00112233445566778899aabbccddeeff', X'0038003800380038');
INSERT INTO document_index (rowid, name, tags, triggers, description, cjk) SELECT row, name, tags, triggers, description, cjk FROM document;
PRAGMA user_version = 1;
PRAGMA application_id = 1398033491;
