package store

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A condition is a term as SQL, over messages AS m.
type condition struct {
	where string // holds for a row
	args  []any

	// source selects the messages for which it holds, as seq, from an index; empty
	// without one. inOrder tells that the index is ordered by seq, so that the
	// first page is found without finding all.
	source  string
	inOrder bool
	ordered string // a source that is, with the same args, for one that is not

	byWords bool // finding the first takes time where all messages have the words
	byRow   bool // looking whether one message meets it takes next to no time
	implied bool // by the others: it is only there to find messages by
}

// searchColumns are the columns of messages in which fields of a search look, and
// those of heads by which they are found.
var searchColumns = map[string]struct{ column, heads string }{
	"from": {"sender", "sender"}, "to": {"recipients", "recipients"}, "cc": {"cc", "recipients"}, "bcc": {"bcc", "recipients"},
	"reply-to": {"reply_to", "more"}, "subject": {"subject", "subject"}, "file": {"files", "more"},
}

// conditions returns what a search asks for.
func (s *Search) conditions(now time.Time) []condition {
	var list, slow []condition // to look whether a row meets it
	var text, without, heads []string
	for _, t := range s.terms {
		switch t.field {
		case "":
			if t.not {
				without = append(without, t.match(""))
			} else {
				text = append(text, t.match(""))
			}
		case "from", "to", "cc", "bcc", "reply-to", "subject", "file":
			column := searchColumns[t.field].column
			value := lower(t.value)
			c := condition{where: begins("m." + column), args: []any{value, " " + value, value}, byRow: true}
			if t.not {
				c.where = "NOT (" + c.where + ")"
			} else if hasWord(t.value) {
				heads = append(heads, t.match(searchColumns[t.field].heads))
			}
			slow = append(slow, c)
		default:
			list = append(list, t.condition(now))
		}
	}
	return slices.Concat(list, slow, wordConditions(text, without, heads))
}

// begins tells whether a value, given as it is, with a space before it and again as
// it is, stands in a column at the beginning of a word. That mostly is behind a
// space, which takes less time to find out.
func begins(column string) string {
	return fmt.Sprintf("instr(%[1]s, ?) AND (instr(' ' || %[1]s, ?) OR %[2]s(%[1]s, ?))", column, beginsWord)
}

// wordConditions returns those that the words of messages are asked for.
func wordConditions(text, without, heads []string) (list []condition) {
	if len(text) > 0 {
		match := strings.Join(text, " AND ")
		if len(without) > 0 {
			match = "(" + match + ") NOT (" + strings.Join(without, " OR ") + ")"
		}
		list = append(list, wordCondition("SELECT rowid AS seq FROM text WHERE text MATCH ?", match))
	} else if len(without) > 0 {
		list = append(list, condition{where: "m.seq NOT IN (SELECT rowid FROM text WHERE text MATCH ?)", args: []any{strings.Join(without, " OR ")}})
	}
	if len(heads) > 0 {
		c := wordCondition("SELECT rowid AS seq FROM heads WHERE heads MATCH ?", strings.Join(heads, " AND "))
		c.implied = true
		list = append(list, c)
	}
	return list
}

// match returns the term in the language of FTS5, which finds at least what the
// term means.
func (t *term) match(column string) string {
	if begin := beginOfAddress(t.value); begin != "" && column != "" && column != "subject" {
		return column + " : " + phrase(begin)
	}
	if column != "" {
		return column + " : " + phrase(t.value) + " *"
	}
	if t.prefix {
		return phrase(t.value) + " *"
	}
	return phrase(t.value)
}

func phrase(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `"`, `""`), "\x00", " ") + `"`
}

// beginOfAddress is an address without the word that ends it; empty for what is
// none. That word, of which only the beginning may have been asked for, is likely
// to be in all messages there are, and FTS5 would gather them all for it.
func beginOfAddress(s string) string {
	if !strings.Contains(s, "@") {
		return ""
	}
	begin := s[:strings.LastIndexAny(s, "@.")]
	if !hasWord(begin) {
		return ""
	}
	return begin
}

// wordCondition is one whose messages are found by their words, which takes time
// where the words are common.
func wordCondition(source, match string) condition {
	c := setCondition(source, match)
	c.byWords = true
	return c
}

// setCondition is one whose messages an index knows.
// The plus keeps SQLite from finding all of them where few are looked at.
func setCondition(source string, args ...any) condition {
	return condition{where: "+m.seq IN (" + source + ")", source: source, args: args, inOrder: true}
}

// condition returns the condition of a term that is not about text.
func (t *term) condition(now time.Time) condition {
	c := t.positive(now)
	if t.not {
		return condition{where: "NOT coalesce(" + c.where + ", 0)", args: c.args, byRow: c.byRow}
	}
	return c
}

func (t *term) positive(now time.Time) condition {
	switch t.field {
	case "message-id":
		c := setCondition("SELECT seq FROM messages INDEXED BY messages_id WHERE message_id = ? AND message_id <> ''", t.value)
		return c
	case "inbox":
		return setCondition("SELECT seq FROM inboxes WHERE inbox = ?", t.value)
	case "tag":
		return setCondition("SELECT seq FROM tags WHERE tag = ?", t.value)
	case "check":
		match := `"` + t.value + `"`
		if t.prefix {
			match += " *"
		}
		return setCondition("SELECT rowid AS seq FROM failed WHERE failed MATCH ?", match)
	case "has":
		if t.value == "report" {
			return condition{byRow: true, where: "m.score IS NOT NULL"}
		}
		if bit := contentBits[t.value]; bit != 0 {
			holds := fmt.Sprintf("contents & %d", bit)
			return condition{byRow: true, where: "m." + holds, source: "SELECT seq FROM messages INDEXED BY messages_" + t.value + " WHERE " + holds, inOrder: true}
		}
		return condition{byRow: true, where: "m.attachments > 0", source: "SELECT seq FROM messages INDEXED BY messages_attachments WHERE attachments > 0", inOrder: true}
	case "is":
		switch t.value {
		case "read":
			return condition{byRow: true, where: "m.read = 1"}
		case "untagged":
			return condition{byRow: true, where: "m.tags = ''"}
		case "tagged":
			return condition{byRow: true, where: "m.tags <> ''", source: "SELECT seq FROM messages INDEXED BY messages_tagged WHERE tags <> ''", inOrder: true}
		}
		return condition{byRow: true, where: "m.read = 0", source: "SELECT seq FROM messages INDEXED BY messages_unread WHERE read = 0", inOrder: true}
	case "header":
		return t.fieldCondition()
	case "score":
		return condition{byRow: true, where: "m.score BETWEEN ? AND ?", args: []any{t.from, t.to},
			source:  "SELECT seq FROM messages INDEXED BY messages_score WHERE score BETWEEN ? AND ? AND score IS NOT NULL",
			ordered: "SELECT seq FROM messages INDEXED BY messages_by_score WHERE score BETWEEN ? AND ? AND score IS NOT NULL"}
	case "larger", "smaller":
		return condition{byRow: true, where: "m.size BETWEEN ? AND ?", args: []any{t.from, t.to},
			source:  "SELECT seq FROM messages INDEXED BY messages_size WHERE size BETWEEN ? AND ?",
			ordered: "SELECT seq FROM messages INDEXED BY messages_by_size WHERE size BETWEEN ? AND ?"}
	}
	return t.timeCondition(now)
}

// timeCondition compares Seq: it grows with the time of receipt, and lists are
// ordered by it.
func (t *term) timeCondition(now time.Time) condition {
	at := t.at
	if t.ago != 0 {
		at = now.Add(-t.ago)
	}
	first := "coalesce((SELECT seq FROM messages WHERE received >= ? ORDER BY received, seq LIMIT 1), 1 << 62)"
	if t.field == "before" {
		return condition{byRow: true, where: "m.seq < " + first, args: []any{at.UnixNano()}}
	}
	return condition{byRow: true, where: "m.seq >= " + first, args: []any{at.UnixNano()}}
}

// A selection is the part of a query behind its columns.
type selection struct {
	from  string // "FROM … WHERE …"
	order string // the column to order by
	args  []any
}

// selectBy builds a selection that finds messages by the source of conditions[by],
// or looks at all when by is negative. aged tells that messages are looked at
// for their age besides.
func selectBy(conditions []condition, by int, aged bool) selection {
	s := selection{from: "FROM messages AS m NOT INDEXED WHERE 1", order: "m.seq"}
	if by >= 0 {
		s.from = "FROM (" + conditions[by].source + ") AS d CROSS JOIN messages AS m NOT INDEXED ON m.seq = d.seq WHERE 1"
		s.order = "d.seq"
		s.args = append(s.args, conditions[by].args...)
	}
	if by >= 0 && len(conditions) == 1 && !aged {
		s.from, s.order = "FROM ("+conditions[by].source+") AS d WHERE 1", "d.seq"
	}
	for i, c := range conditions {
		if i != by && !c.implied {
			s.from += " AND " + c.where
			s.args = append(s.args, c.args...)
		}
	}
	return s
}
