package peers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// masterCF is the least that receives mail: the smtpd on our port and what it
// needs. Nothing in it delivers to anywhere.
const masterCF = `127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`

// Postfix starts Postfix as the mail server of a host, with STARTTLS by this
// certificate and key (PEM files), and returns its address. It discards what it
// receives for the domain. Only root can start it.
func Postfix(t testing.TB, hostname, domain, certFile, keyFile string) string {
	t.Helper()
	program := Program(t, "postfix", "postfix")
	needRoot(t, "Postfix")
	dir := openDir(t)
	port := FreePort(t)
	queue, data, conf := filepath.Join(dir, "queue"), filepath.Join(dir, "data"), filepath.Join(dir, "conf")
	for _, d := range []string{queue, data, conf} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", "postfix", data).CombinedOutput(); err != nil {
		t.Fatalf("chown: %v: %s", err, out)
	}
	log := filepath.Join(dir, "mail.log")
	writeFile(t, conf, "master.cf", fmt.Sprintf(masterCF, port))
	writeFile(t, conf, "main.cf", strings.Join([]string{
		"compatibility_level = 3.6",
		"queue_directory = " + queue,
		"data_directory = " + data,
		"maillog_file = " + log,
		"maillog_file_prefixes = " + dir,
		"myhostname = " + hostname,
		"mydestination =",
		"inet_protocols = ipv4",
		"relay_domains =",
		"virtual_mailbox_domains = " + domain,
		"virtual_transport = discard:",
		"default_transport = error:nothing leaves this host",
		"local_transport = error:no local mail",
		"smtpd_tls_security_level = may",
		"smtpd_tls_chain_files = " + keyFile + ", " + certFile,
		"smtpd_relay_restrictions = reject_unauth_destination",
		"smtpd_peername_lookup = no",
		"disable_dns_lookups = yes",
		"import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C",
		"",
	}, "\n"))
	t.Cleanup(func() {
		exec.Command(program, "-c", conf, "stop").Run()
		if t.Failed() {
			said, _ := os.ReadFile(log)
			t.Logf("Postfix said:\n%s", said)
		}
	})
	if out, err := exec.Command(program, "-c", conf, "start").CombinedOutput(); err != nil {
		t.Fatalf("start Postfix: %v: %s", err, out)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	await(t, "Postfix", nil, func(ctx context.Context) bool { return greets(ctx, addr) })
	return addr
}

func greets(ctx context.Context, addr string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	fmt.Fprint(conn, "QUIT\r\n")
	return strings.HasPrefix(line, "220 ")
}
