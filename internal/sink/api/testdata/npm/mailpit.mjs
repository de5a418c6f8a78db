// Every call that the client has, against a sink that is empty.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MailpitClient } from "mailpit-api";

const mailpit = new MailpitClient(process.argv[2]);
const send = (subject, more = {}) =>
  mailpit.sendMessage({
    From: { Email: "ann@example.com", Name: "Ann" },
    To: [{ Email: "bob@example.net", Name: "Bob" }],
    Subject: subject,
    Text: `${subject} in text`,
    ...more,
  });
const refused = (status, promise) => assert.rejects(promise, new RegExp(`: ${status} `));

// Waiting
await assert.rejects(mailpit.waitForMessage({ query: "subject:welcome" }, { timeout: 50, interval: 10 }), /Timeout/);
const waiting = mailpit.waitForMessage({ query: "subject:welcome to:bob@example.net" }, { timeout: 20000, interval: 20 });
const { ID } = await send("welcome", {
  HTML: '<p>Hello</p><b style="display:grid">Bob</b><a href="http://example.com/moved"></a><a href="http://example.com/none"></a><img src="cid:logo">',
  Cc: [{ Email: "carol@example.net" }],
  Bcc: ["dave@example.net"],
  ReplyTo: [{ Email: "reply@example.com" }],
  Tags: ["signup"],
  Headers: { "X-Campaign": "spring", "List-Unsubscribe": "<https://example.com/u>, <mailto:u@example.com>" },
  Attachments: [
    { Filename: "a.txt", Content: Buffer.from("attached").toString("base64"), ContentType: "text/plain" },
    { Filename: "logo.png", Content: Buffer.from("\x89PNG\r\n\x1a\n", "latin1").toString("base64"), ContentID: "logo" },
  ],
});
const message = await waiting;
assert.equal(message.ID, ID);
await send("second");
await send("third");
assert.equal((await mailpit.waitForMessages({ query: "from:ann@example.com", count: 3, exact: true }, { timeout: 20000, interval: 20 })).messages_count, 3);
assert.equal((await mailpit.waitForMessages({ timeout: 20000, interval: 20 })).messages_count, 3);
assert.equal((await mailpit.waitForMessages({ query: "subject:never", count: 0 }, { timeout: 20000, interval: 20 })).messages_count, 0);

// One message
assert.deepEqual(message.From, { Name: "Ann", Address: "ann@example.com" });
assert.deepEqual(message.To, [{ Name: "Bob", Address: "bob@example.net" }]);
assert.deepEqual(message.Bcc, [{ Name: "", Address: "dave@example.net" }]);
assert.equal(message.Cc[0].Address, "carol@example.net");
assert.equal(message.ReplyTo[0].Address, "reply@example.com");
assert.equal(message.Subject, "welcome");
assert.equal(message.Text, "welcome in text");
assert.match(message.HTML, /<p>Hello<\/p>/);
assert.deepEqual(message.Tags, ["signup"]);
assert.deepEqual(message.ListUnsubscribe.Links, ["https://example.com/u", "mailto:u@example.com"]);
assert.ok(new Date(message.Date).getTime() > 0 && message.Size > 0 && message.MessageID.length > 0);
assert.equal(message.Attachments.length, 1);
assert.equal(message.Inline.length, 1);
const file = message.Attachments[0];
assert.equal(file.FileName, "a.txt");
assert.equal(file.Checksums.SHA256, createHash("sha256").update("attached").digest("hex"));
const blob = await mailpit.getMessageAttachment(ID, file.PartID);
assert.equal(await blob.text(), "attached");
assert.match(blob.type, /^text\/plain/);
assert.equal((await mailpit.getAttachmentThumbnail(ID, message.Inline[0].PartID)).type, "image/jpeg");
assert.equal((await mailpit.getMessageHeaders(ID))["X-Campaign"][0], "spring");
assert.match(await mailpit.getMessageSource(ID), /^From: .*ann@example\.com/);
assert.equal((await mailpit.getMessageSummary()).Subject, "third");
assert.equal((await mailpit.getMessageHeaders())["Subject"][0], "third");
assert.match(await mailpit.renderMessageHTML(ID), /src="data:image\/png;base64,/);
assert.equal(await mailpit.renderMessageText(), "third in text");
await refused(404, mailpit.getMessageSummary("unknown"));

// Lists
let page = await mailpit.listMessages(1, 1);
assert.equal(page.messages_count, 3);
assert.equal(page.start, 1);
assert.deepEqual(page.messages.map((m) => m.Subject), ["second"]);
page = await mailpit.searchMessages({ query: 'subject:"second" !is:read', tz: "Europe/Berlin" });
assert.deepEqual([page.messages_count, page.total, page.messages[0].Snippet], [1, 3, "second in text"]);
await refused(400, mailpit.searchMessages({ query: "" }));
const found = async (query, more = {}) => (await mailpit.searchMessages({ query, ...more })).messages.map((m) => m.Subject);
assert.deepEqual(await found("wel"), ["welcome"]); // the beginning of a word
assert.deepEqual(await found('"welcome in text"'), ["welcome"]);
assert.deepEqual(await found("to:bob cc:CAROL@example.net"), ["welcome"]);
assert.deepEqual(await found("-cc:carol"), ["third", "second"]);
assert.deepEqual(await found("bcc:dave reply-to:reply@"), ["welcome"]);
assert.deepEqual(await found("addressed:dave"), ["welcome"]);
assert.deepEqual(await found("is:tagged"), ["welcome"]);
assert.deepEqual(await found("!is:tagged", { limit: 1, start: 1 }), ["second"]);
assert.deepEqual(await found("has:attachments"), ["welcome"]);
assert.deepEqual(await found("larger:0.1k smaller:1.5mb subject:second"), ["second"]);
const inTokyo = new Date(Date.now() - 60000).toLocaleString("sv-SE", { timeZone: "Asia/Tokyo" }); // YYYY-MM-DD hh:mm:ss
assert.equal((await found(`after:"${inTokyo}"`, { tz: "Asia/Tokyo" })).length, 3);
assert.equal((await found(`before:"${inTokyo}"`, { tz: "Asia/Tokyo" })).length, 0);
assert.equal((await found(`after:"${inTokyo}"`)).length, 0); // hours later in UTC
assert.equal((await mailpit.getMessageSummary("latest?query=cc:carol")).Subject, "welcome");

// Marks
const unread = async (query) => (await mailpit.searchMessages({ query: `${query} is:unread` })).messages_count;
assert.equal(await unread("subject:welcome"), 0); // it was shown
await mailpit.setReadStatus({ IDs: [ID], Read: false });
assert.equal(await unread("subject:welcome"), 1);
await mailpit.setReadStatus({ Search: "subject:second", Read: true });
assert.equal(await unread("subject:second"), 0);
await mailpit.setReadStatus({ Read: true });
assert.equal((await mailpit.listMessages()).unread, 0);
await mailpit.setTags({ IDs: [ID], Tags: ["a", "b c"] });
assert.deepEqual(await mailpit.getTags(), ["a", "b c"]);
await mailpit.renameTag("b c", "d/e");
assert.deepEqual(await mailpit.getTags(), ["a", "d/e"]);
await mailpit.deleteTag("d/e");
assert.deepEqual((await mailpit.searchMessages({ query: "tag:a" })).messages[0].Tags, ["a"]);

// About the sink
const info = await mailpit.getInfo();
assert.equal(info.Messages, 3);
assert.deepEqual(info.Tags, { a: 1 });
assert.equal((await mailpit.getConfiguration()).ChaosEnabled, true);
const triggers = await mailpit.setChaosTriggers({ Sender: { ErrorCode: 421, Probability: 50 } });
assert.deepEqual(triggers.Sender, { ErrorCode: 421, Probability: 50 });
assert.deepEqual(triggers.Recipient, { ErrorCode: 451, Probability: 0 });
assert.deepEqual(await mailpit.getChaosTriggers(), triggers);
await refused(400, mailpit.setChaosTriggers({ Sender: { ErrorCode: 200, Probability: 50 } }));
assert.equal((await mailpit.setChaosTriggers()).Sender.Probability, 0);

// What mail clients make of the HTML
const html = await mailpit.htmlCheck(ID);
assert.ok(html.Total.Nodes === 5 && html.Total.Tests > 100 && html.Total.Supported > 80 && html.Total.Supported < 100);
assert.ok(Math.abs(html.Total.Supported + html.Total.Partial + html.Total.Unsupported - 100) < 0.01);
assert.ok(html.Platforms.ios.includes("Gmail"));
const [grid] = html.Warnings;
assert.deepEqual([grid.Slug, grid.Title, grid.Category, grid.Score.Found], ["css-display-grid", "display:grid", "css", 1]);
assert.equal(grid.URL, "https://www.caniemail.com/features/css-display-grid/");
assert.ok(grid.Results.some((r) => r.Family === "Outlook" && r.Platform === "windows" && r.Support === "no" && r.Name.startsWith("Outlook Windows (")));
await refused(404, mailpit.htmlCheck()); // the third message has none

// Where links lead
assert.deepEqual(await mailpit.linkCheck(ID), {
  Errors: 1,
  Links: [
    { URL: "http://example.com/moved", StatusCode: 302, Status: "Found" },
    { URL: "http://example.com/none", StatusCode: 404, Status: "Not Found" },
  ],
});
assert.deepEqual((await mailpit.linkCheck(ID, true)).Links[0], { URL: "http://example.com/moved", StatusCode: 200, Status: "OK" });
assert.deepEqual(await mailpit.linkCheck(), { Errors: 0, Links: [] });

// What SpamAssassin said
assert.equal((await mailpit.getConfiguration()).SpamAssassin, true);
assert.deepEqual(await mailpit.spamAssassinCheck(ID), {
  Error: "",
  IsSpam: true,
  Rules: [
    { Score: 2.7, Name: "MISSING_DATE", Description: "Missing Date: header" },
    { Score: -0.1, Name: "DKIM_VALID", Description: "" },
  ],
  Score: 5.4,
});
assert.deepEqual(await mailpit.spamAssassinCheck(), { Error: "connection refused", IsSpam: false, Rules: null, Score: 0 });

// What is not allowed here says so
await refused(403, mailpit.releaseMessage(ID, { To: ["bob@example.net"] }));

// Deleting
await mailpit.setReadStatus({ Search: "is:tagged", Read: false });
assert.equal((await mailpit.searchMessages({ query: "is:tagged" })).messages_unread, 1);
await mailpit.deleteMessagesBySearch({ query: "subject:second -is:tagged" });
assert.equal((await mailpit.listMessages()).total, 2);
await mailpit.deleteMessages({ IDs: [ID] });
assert.equal((await mailpit.listMessages()).total, 1);
await mailpit.deleteMessages();
assert.equal((await mailpit.listMessages()).total, 0);
