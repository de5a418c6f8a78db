package all_test

import (
	"testing"

	"github.com/postmuster/postmuster/checks/all"
	"github.com/postmuster/postmuster/internal/verdict"
)

// TestProvidersNameChecksThatExist keeps the table of the providers' requirements
// in step with the checks: an ID that is misspelt there would never decide
// anything.
func TestProvidersNameChecksThatExist(t *testing.T) {
	suite := all.Checks()
	for _, id := range verdict.ProviderChecks() {
		if suite.Find(id) == nil {
			t.Errorf("a provider's requirement names %s, which is no check", id)
		}
	}
	if len(verdict.ProviderChecks()) < 10 {
		t.Error("the table of requirements is empty")
	}
}
