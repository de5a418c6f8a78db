//go:build !unix

package smtp

import "net"

// spokeEarly cannot be told without waiting.
func spokeEarly(net.Conn) bool { return false }
