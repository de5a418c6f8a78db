package brand

import (
	"testing"

	"github.com/postmuster/postmuster/internal/testkit/checktest"
)

func TestChecks(t *testing.T) { checktest.Run(t, suite) }
