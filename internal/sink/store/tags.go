package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postmuster/postmuster/internal/message"
)

// A TagRule gives a tag to the messages that its search finds among those that
// are received from now on.
type TagRule struct {
	Tag    string
	Search *Search
}

// ParseTagRule reads a rule written NAME=SEARCH. What is wrong in the search is a
// *SyntaxError, whose place counts from the beginning of the text.
func ParseTagRule(text string) (TagRule, error) {
	name, search, ok := strings.Cut(text, "=")
	tag := strings.TrimSpace(name)
	if !ok {
		return TagRule{}, errors.New("a rule is written NAME=SEARCH")
	}
	if !validName(tag) {
		return TagRule{}, fmt.Errorf("%w: %q", ErrTag, tag)
	}
	s, err := parseSearch(search)
	if err == nil {
		err = s.atReceipt()
	}
	if syntax := (*SyntaxError)(nil); errors.As(err, &syntax) {
		return TagRule{}, &SyntaxError{Offset: len(name) + 1 + syntax.Offset, Message: syntax.Message}
	}
	return TagRule{Tag: tag, Search: s}, err
}

const (
	// maxRules and maxRuleBytes bound the rules of a store: each message's record
	// has them, so that its tags are the same when the index is made anew.
	maxRules     = 50
	maxRuleBytes = 8 << 10
	// maxParsedRules is how many searches of rules an indexer keeps parsed.
	maxParsedRules = 1000
	// tagField names tags in a message, as Mailpit reads it.
	tagField = "X-Tags"
)

// ErrRules says that there are more rules than a store takes.
var ErrRules = fmt.Errorf("a store takes %d rules for tags, of %d KB together", maxRules, maxRuleBytes>>10)

// checkRules returns the rules as a message's record has them.
func checkRules(rules []TagRule) ([]ruleMeta, error) {
	var list []ruleMeta
	size := 0
	for _, r := range rules {
		list = append(list, ruleMeta{r.Tag, r.Search.text})
		size += len(r.Tag) + len(r.Search.text)
	}
	if len(list) > maxRules || size > maxRuleBytes {
		return nil, ErrRules
	}
	return list, nil
}

// tagsOfHeader returns the tags that fields of a message name, separated by commas.
// Those that are no tags are passed over: they come from a stranger.
func tagsOfHeader(h *message.Header) []string {
	var tags []string
	for _, f := range h.All(tagField) {
		for tag := range strings.SplitSeq(f.Text(), ",") {
			if len(tags) >= maxTags {
				return tags
			}
			tag = strings.Join(strings.Fields(tag), " ")
			if validName(tag) && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// tag completes the tags of a message: those of its header, those that it was
// given with, and those of the rules in force when it was received.
func (x *indexer) tag(s *summary, received int64, meta *messageMeta) {
	tags := slices.Clone(meta.Tags)
	doc := document{summary: s, received: received}
	for _, rule := range meta.Rules {
		if search := x.parsed(rule.Search); search != nil && search.matches(&doc) {
			tags = append(tags, rule.Tag)
		}
	}
	for _, tag := range s.record.Tags { // last: a stranger's are not to leave no room for others
		if !slices.Contains(tags, tag) && len(tags) < maxTags {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	s.record.Tags = slices.Compact(tags)
}

// parsed returns the search of a rule; nil for one that this version does not
// understand any more.
func (x *indexer) parsed(text string) *Search {
	search, ok := x.rules[text]
	if !ok {
		search, _ = parseSearch(text)
		if x.rules == nil || len(x.rules) >= maxParsedRules {
			x.rules = map[string]*Search{}
		}
		x.rules[text] = search
	}
	return search
}
