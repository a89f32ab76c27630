import CausewayBytes

// How fast sockets send.
extension ConfigurationReader {
    private typealias Congestion = Configuration.Congestion

    /// `.some(nil)` where nothing is asked for.
    func congestion(_ fields: Fields) -> Configuration.Congestion?? {
        guard let field = fields["congestion"] else { return .some(nil) }
        guard let inner = field.fields("algorithm", "rate", "gain", "share", "fallback", "pacing") else { return nil }
        let algorithm = inner.required("algorithm")?.algorithm()
        let rate = inner.optional("rate") { field in
            algorithm.flatMap { $0 == Congestion.brutal ? field.brutalRate() : field.rate() }
        }
        let gain = inner.value("gain", default: Congestion.defaultGain) { $0.gain() }
        let share = inner.value("share", default: .link) { $0.choice(Congestion.Share.self) }
        let fallback = inner.value("fallback", default: Congestion.defaultFallback) { $0.listOrOne { $0.algorithm() } }
        let pacing = inner.optional("pacing") { $0.rate() }
        guard let algorithm, let rate, let gain, let share, let fallback, let pacing else { return nil }
        if algorithm == Congestion.brutal, rate == nil, share != .user {
            return field.fail("needs \"rate\": Brutal sends at that, whatever is lost")
        }
        if algorithm != Congestion.brutal, let field = inner["gain"] {
            return field.fail("is Brutal's alone, and the algorithm is \(algorithm)")
        }
        if rate == nil, share != .user, let field = inner["share"] {
            return field.fail("is of a rate, and there is none")
        }
        return Congestion(
            algorithm: algorithm,
            rate: rate,
            gain: gain,
            share: share,
            fallback: fallback,
            pacing: pacing
        )
    }
}

extension Field {
    /// The name of an algorithm: what fits into the kernel's sixteen bytes (TCP_CA_NAME_MAX).
    fileprivate func algorithm() -> String? {
        self.parsed("the name of a congestion algorithm such as brutal, bbr or cubic") { text in
            let isName =
                (1...15).contains(text.utf8.count)
                && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "/") }
            return isName ? text : nil
        }
    }

    fileprivate func brutalRate() -> BitRate? {
        self.parsed("a rate such as \"100 Mbit/s\", from 500 kbit/s to 1 Tbit/s, which is what Brutal takes") { text in
            BitRate(text).flatMap { Configuration.Congestion.brutalRates.contains($0.bytesPerSecond) ? $0 : nil }
        }
    }

    /// A number with one decimal at most, in tenths.
    fileprivate func gain() -> Int? {
        self.parsed("a number from 0.5 to 8.0 with one decimal at most") { text in
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count), parts.allSatisfy({ $0.count == 1 && "0"..."9" ~= $0 }),
                let whole = Int(parts[0]), let tenth = parts.count == 2 ? Int(parts[1]) : 0
            else { return nil }
            let gain = 10 * whole + tenth
            return Configuration.Congestion.gains.contains(gain) ? gain : nil
        }
    }
}
