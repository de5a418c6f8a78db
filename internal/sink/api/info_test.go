package api

import (
	"encoding/json"
	"fmt"
	"strings"
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
		if info.Messages != 2*n-1 || info.Tags[fmt.Sprintf("t%d", n)] != 1 {
			t.Fatalf("after message %d there are %d messages with the tags %v", 2*n-1, info.Messages, info.Tags)
		}
		s.add(simple("count me, too"))
		if _, body := s.do("GET", prefix+"/info", nil); !strings.Contains(string(body), fmt.Sprintf(`"messages":%d,`, 2*n)) {
			t.Fatalf("after %d messages the figures are %s", 2*n, body)
		}
	}
}
