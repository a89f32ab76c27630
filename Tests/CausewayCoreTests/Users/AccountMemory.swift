import CausewayCore

/// Memory for the words of an account, all zero.
final class AccountMemory: @unchecked Sendable {
    // Safe: never written but through `AccountWords`.
    private let memory = UnsafeMutableRawPointer.allocate(byteCount: AccountWords.width, alignment: 8)

    init() {
        self.memory.initializeMemory(as: UInt8.self, repeating: 0, count: AccountWords.width)
    }

    deinit {
        self.memory.deallocate()
    }

    func words(side: Int = 0) -> AccountWords { AccountWords(at: self.memory, side: side) }
}
