package api

import (
	"encoding/json"
	"fmt"
	"testing"
)

// A client that sends a message and asks at once, as those of Mailpit do, finds
// it counted.
func TestFiguresCountWhatCameJustNow(t *testing.T) {
	s := newSink(t, nil)
	for n := 1; n <= 100; n++ {
		s.add(fmt.Sprintf("X-Tags: t%d\n", n) + simple("count me"))
		_, body := s.do("GET", "/api/v1/info", nil)
		var info struct {
			Messages int
			Tags     map[string]int
		}
		if err := json.Unmarshal(body, &info); err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		if info.Messages != n || info.Tags[fmt.Sprintf("t%d", n)] != 1 {
			t.Fatalf("after message %d there are %d messages with the tags %v", n, info.Messages, info.Tags)
		}
	}
}
