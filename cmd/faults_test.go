package cmd

import (
	"testing"

	"github.com/postmuster/postmuster/internal/sink/fault"
)

func TestHelpOnFaultsIsAScript(t *testing.T) {
	for _, args := range [][]string{{"help", "faults"}, {"faults"}, {"faults", "--help"}} {
		l := testEnv(t)
		got := l.run(args...)
		l.wantCode(got, exitMet)
		if script, err := fault.Parse("faults.yaml", []byte(got.out)); err != nil || len(script.Rules) == 0 {
			t.Errorf("%v prints no script (%v): %.300s", args, err, got.out)
		}
	}
}
