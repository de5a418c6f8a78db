package cmd

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// portOwner says who listens on a TCP port of this machine: "postmuster, process
// 4711". It is empty where the system does not tell, as another user's process.
func portOwner(port string) string {
	sockets := map[string]bool{} // as links in /proc name them
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for _, inode := range listening(table, port) {
			sockets["socket:["+inode+"]"] = true
		}
	}
	if len(sockets) == 0 {
		return ""
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		to, err := os.Readlink(link)
		if err != nil || !sockets[to] {
			continue
		}
		process := filepath.Dir(filepath.Dir(link))
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil {
			continue
		}
		return fmt.Sprintf("%s, process %s", strings.TrimSpace(string(name)), filepath.Base(process))
	}
	return ""
}

// listening returns the inodes of sockets that listen on a port, from a table as
// proc_pid_net(5) has it.
func listening(table, port string) (inodes []string) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil
	}
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", n)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && strings.HasSuffix(fields[1], suffix) && fields[3] == "0A" { // TCP_LISTEN
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}
