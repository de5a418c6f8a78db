CREATE TABLE state (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	store BLOB NOT NULL,            -- which log it is of
	segment INTEGER NOT NULL,       -- everything before this place of the log is in the index
	"offset" INTEGER NOT NULL,
	seq INTEGER NOT NULL,           -- the last message seen
	checksum INTEGER NOT NULL,      -- of the record before that place, which begins at
	record_segment INTEGER NOT NULL,
	record_offset INTEGER NOT NULL,
	messages INTEGER NOT NULL, unread INTEGER NOT NULL, unscored INTEGER NOT NULL,
	bytes INTEGER NOT NULL,         -- as received
	stored INTEGER NOT NULL,        -- in the log, reports included
	sessions INTEGER NOT NULL       -- the last failed session
);
CREATE TABLE messages (
	seq INTEGER PRIMARY KEY,
	received INTEGER NOT NULL,      -- Unix nanoseconds; grows with seq
	size INTEGER NOT NULL,
	attachments INTEGER NOT NULL,
	contents INTEGER NOT NULL,      -- bits: what it has besides
	read INTEGER NOT NULL DEFAULT 0,
	score INTEGER, score_low INTEGER, score_high INTEGER, grade TEXT,
	segment INTEGER NOT NULL, "offset" INTEGER NOT NULL, stored INTEGER NOT NULL,
	report_segment INTEGER, report_offset INTEGER, report_stored INTEGER NOT NULL DEFAULT 0,
	sender TEXT NOT NULL, recipients TEXT NOT NULL, subject TEXT NOT NULL, -- in lower case
	cc TEXT NOT NULL, bcc TEXT NOT NULL, reply_to TEXT NOT NULL, files TEXT NOT NULL, -- too
	message_id TEXT NOT NULL,
	tags TEXT NOT NULL DEFAULT '',  -- a JSON array, or nothing
	record TEXT NOT NULL            -- Record as JSON, without what changes
);
CREATE INDEX messages_received ON messages (received);
CREATE INDEX messages_size ON messages (size);
CREATE INDEX messages_score ON messages (score) WHERE score IS NOT NULL;
-- In the order of lists: what many messages meet is found without reading them.
CREATE INDEX messages_by_size ON messages (seq, size);
CREATE INDEX messages_by_score ON messages (seq, score) WHERE score IS NOT NULL;
CREATE INDEX messages_unread ON messages (seq) WHERE read = 0;
CREATE INDEX messages_unscored ON messages (seq) WHERE score IS NULL;
CREATE INDEX messages_attachments ON messages (seq) WHERE attachments > 0;
CREATE INDEX messages_inline ON messages (seq) WHERE contents & 1;
CREATE INDEX messages_html ON messages (seq) WHERE contents & 2;
CREATE INDEX messages_link ON messages (seq) WHERE contents & 4;
CREATE INDEX messages_tagged ON messages (seq) WHERE tags <> '';
CREATE INDEX messages_id ON messages (message_id) WHERE message_id <> '';
CREATE INDEX messages_segment ON messages (segment, seq);
CREATE INDEX messages_report ON messages (report_segment, seq) WHERE report_segment IS NOT NULL;
CREATE TABLE inboxes (inbox TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (inbox, seq)) WITHOUT ROWID;
CREATE INDEX inboxes_seq ON inboxes (seq);
CREATE TABLE inbox_counts (inbox TEXT PRIMARY KEY, messages INTEGER NOT NULL, unread INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX inbox_counts_empty ON inbox_counts (inbox) WHERE messages = 0;
CREATE TABLE tags (tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tag, seq)) WITHOUT ROWID;
CREATE INDEX tags_seq ON tags (seq);
CREATE TABLE sessions (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, session TEXT NOT NULL);
CREATE VIRTUAL TABLE text USING fts5 ( -- what a reader sees: subject, addresses, names of files and body
	words, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE heads USING fts5 ( -- apart, so that a search in them does not pass the words of all bodies
	subject, sender, recipients, more, -- more: Reply-To, names of files
	content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE fields USING fts5 ( -- "x-campaign:spring" for a word of a field
	words, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '-:'"
);
CREATE VIRTUAL TABLE failed USING fts5 (
	checks, content = '', contentless_delete = 1, detail = none, tokenize = "unicode61 tokenchars '-'"
);
-- Their pieces are merged between transactions: see merge.go.
INSERT INTO text (text, rank) VALUES ('automerge', 0);
INSERT INTO heads (heads, rank) VALUES ('automerge', 0);
INSERT INTO fields (fields, rank) VALUES ('automerge', 0);
INSERT INTO failed (failed, rank) VALUES ('automerge', 0);
