"""Use cases of the engine, over a store and a ring of keys.

`engine` is the one object callers hold. `commands` are what they ask; `participants`, `orders` and
`delivery` judge and settle them; `batch` carries a batch of them out in one transaction, `writer`
queues them for it. `ranges` and `verification` check scanned codes, `reading` answers the rest.
`keys` and `sealed` keep the keys. `invariants` says what must always be true.
"""
