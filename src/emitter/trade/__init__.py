"""The rules of the trade as pure values and tables: no clock, randomness, store or network.

A map of the folder. `gs1` numbers goods and names the elements of a code; `parties` numbers
participants; `titled` gives enumerations their Russian and English titles. `templates` is the data
of what a code is composed of and makes the finished record the core fills in; `codes` reads one
code back into its elements. `states` holds the machines of order, buffer and code as complete
grids. `ledger` says what a block costs and which accounts a movement touches; `tariffs` says at
which price and VAT rate, by date; `calendar` turns instants into civil dates of Asia/Almaty.
"""
