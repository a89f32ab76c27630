/// An open-addressed set of salts: 32 bytes a place, at least half of the places free.
struct SaltSet {
    private var places: [Salt] = []
    private(set) var count = 0
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
    }

    /// Calls `body` with every salt, in no order.
    func forEach(_ body: (Salt) -> Void) {
        for place in self.places where place != Salt() { body(place) }
    }

    func contains(_ salt: Salt) -> Bool {
        guard !self.places.isEmpty else { return false }
        return self.places[self.place(of: salt)] == salt
    }

    /// `false` when the salt is there. An all-zero salt, which marks a free place, counts as there: nobody draws it.
    mutating func insert(_ salt: Salt) -> Bool {
        guard salt != Salt() else { return false }
        if 2 * (self.count + 1) > self.places.count { self.grow() }
        let place = self.place(of: salt)
        guard self.places[place] != salt else { return false }
        self.places[place] = salt
        self.count += 1
        return true
    }

    /// Where the search for `salt` begins among `mask + 1` places, a power of two.
    ///
    /// Senders choose their salts, so every bit counts and a keyed hash spreads them: an arithmetic mix would let a user
    /// with a valid key pile salts on one place and make every later handshake walk over them.
    static func home(of salt: Salt, seed: UInt64, mask: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(seed)
        for index in 0..<4 { hasher.combine(salt.words[index]) }
        return hasher.finalize() & mask
    }

    /// The place that holds `salt`, or the free one where it belongs.
    private func place(of salt: Salt) -> Int {
        let mask = self.places.count - 1
        var place = Self.home(of: salt, seed: self.seed, mask: mask)
        while self.places[place] != salt, self.places[place] != Salt() { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let old = self.places
        self.places = Array(repeating: Salt(), count: max(64, old.count * 2))
        for salt in old where salt != Salt() { self.places[self.place(of: salt)] = salt }
    }
}
