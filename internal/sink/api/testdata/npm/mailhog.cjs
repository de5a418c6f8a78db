// Every call that the client has, against a sink with three messages.
const assert = require("node:assert/strict");
const url = new URL(process.argv[2]);
const mailhog = require("mailhog")({ host: url.hostname, port: Number(url.port) });

(async () => {
  const all = await mailhog.messages();
  assert.deepEqual([all.total, all.count, all.start], [3, 3, 0]);
  const [html, plain, encoded] = all.items;
  assert.equal(plain.subject, "plain");
  assert.equal(plain.text, "Hello, Bob.\r\n");
  assert.match(plain.from, /ann@example\.com/);
  assert.equal(plain.to, "bob@example.net");
  assert.equal(plain.Raw.From, "bounce@example.com");
  assert.deepEqual(plain.To.map((p) => `${p.Mailbox}@${p.Domain}`), ["bob@example.net"]);
  assert.equal(plain.date.toISOString(), "2026-11-25T10:00:00.000Z");
  assert.ok(plain.deliveryDate.getTime() > 0);
  assert.equal(encoded.subject, "Grüße");
  assert.equal(encoded.text, "Schöne Grüße\r\n");
  assert.equal(html.html, "<p>Hello</p>");
  assert.equal(html.attachments.length, 1);
  assert.equal(html.attachments[0].name, "a.txt");
  assert.equal(mailhog.decode(html.attachments[0].Body, html.attachments[0].encoding), "attached");

  assert.equal((await mailhog.messages(1, 1)).items[0].ID, plain.ID);
  assert.equal((await mailhog.search("bob@example.net", "to")).total, 2);
  assert.equal((await mailhog.latestTo("carol@example.net")).ID, html.ID);
  assert.equal((await mailhog.latestFrom("ann@example.com")).ID, html.ID);
  assert.equal((await mailhog.latestContaining("Schöne")).ID, encoded.ID); // MailHog looks at the encoded text
  assert.equal(await mailhog.latestTo("nobody@example.org"), 0);

  assert.equal((await mailhog.deleteMessage(plain.ID)).statusCode, 200);
  assert.equal((await mailhog.messages()).total, 2);
  const released = await mailhog.releaseMessage(html.ID, { host: "192.0.2.1", port: "25", email: "bob@example.net" });
  assert.match(released.Error, /named/);
  assert.equal((await mailhog.deleteAll()).statusCode, 200);
  assert.equal((await mailhog.messages()).total, 0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
