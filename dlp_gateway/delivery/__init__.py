"""Outgoing mail: from the queue to the next hop, the same bytes that were scanned.

The contract, kept by ``worker.DeliveryService``:

* A message in the queue ends as delivered or failed, never as forgotten. What
  cannot be sent now is tried again with growing pauses (``schedule``) until
  it is too old; then its sender hears of it (``bounces``).
* Recipients of one message that go the same way share one transaction, and
  each has an outcome of its own.
* Content is sent byte for byte; dots at the start of a line are doubled on
  the wire as RFC 5321, 4.5.2 asks. What no next hop of the route can take as
  it is (8BITMIME, SMTPUTF8, SIZE) fails; nothing is ever encoded anew.
* Where the line breaks after the final dot and before the reply, nobody can
  know whether the next hop has the message (RFC 1047): that attempt is on
  record as ``uncertain`` and the message is tried again, a few times and with
  long pauses. Only there may a recipient get a message twice.
* Mail for one next hop, however slow, does not hold up that for the others
  (``allowance``, ``crowd``).
* A zone whose TLS policy is ``required`` or ``verified`` never gets its mail
  over a bare line: it waits.
* Replies of other servers are foreign text and may repeat anything: what is
  kept of them is the code and the words of a fixed vocabulary (``wording``).
"""
