package api

import (
	"encoding/json"
	"fmt"
	"strings"
)

// script writes triggers in the language of fault scripts.
func (t mailpitTriggers) script() string {
	rules := ""
	for _, rule := range []struct {
		command string
		trigger mailpitTrigger
	}{{"mail", t.Sender}, {"rcpt", t.Recipient}, {"auth", t.Authentication}} {
		if rule.trigger.Probability > 0 {
			rules += fmt.Sprintf("  - on: %s\n    probability: %d%%\n    reply: %d Chaos\n", rule.command, rule.trigger.Probability, rule.trigger.ErrorCode)
		}
	}
	if rules == "" {
		return ""
	}
	mark, err := json.Marshal(t)
	if err != nil {
		panic(err) // numbers alone
	}
	return chaosMark + string(mark) + "\n" + strings.TrimSuffix("rules:\n"+rules, "\n") + "\n"
}
