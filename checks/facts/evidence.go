package facts

import (
	"fmt"

	"github.com/postmuster/postmuster/checks"
	"github.com/postmuster/postmuster/internal/message"
)

// SeenAt is the line of a message that holds an offset, as evidence.
func SeenAt(tree *message.Tree, offset int) []checks.Evidence {
	number, text := tree.LineAt(offset)
	return checks.Seen(fmt.Sprintf("line %d", number), text)
}

// SeenFields are header fields as evidence, each on one line.
func SeenFields(fields ...*message.Field) []checks.Evidence {
	var evidence []checks.Evidence
	for _, f := range fields {
		evidence = append(evidence, checks.Seen(fmt.Sprintf("line %d", f.Line), f.Quote())...)
	}
	return evidence
}
