package dns

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const resolvConf = "/etc/resolv.conf"

// maxResolvConf bounds what is read of it, in bytes.
const maxResolvConf = 1 << 20

// SystemServers returns the name servers of /etc/resolv.conf, in its order. It
// is an error if there are none: no other server is ever assumed.
func SystemServers() ([]string, error) {
	f, err := os.Open(resolvConf)
	if err != nil {
		return nil, fmt.Errorf("system's name servers: %w", err)
	}
	defer f.Close()
	servers, err := parseResolvConf(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", resolvConf, err)
	}
	return servers, nil
}

func parseResolvConf(r io.Reader) ([]string, error) {
	var servers []string
	lines := bufio.NewScanner(io.LimitReader(r, maxResolvConf))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || words[0] != "nameserver" {
			continue
		}
		addr, err := serverAddr(words[1])
		if err != nil {
			continue // as the C library does
		}
		servers = append(servers, addr)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		return nil, errors.New("no nameserver line")
	}
	return servers, nil
}
