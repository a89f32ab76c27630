/// Which datagrams of an association are under way: so many places, each for one at a time. A datagram's number says which
/// place is its own, and no number comes twice.
public struct Flight: Sendable {
    private struct Place {
        var number: Int
        var departed: Int64
        var isTaken = false
    }

    private var places: [Place]

    public init(places: Int) {
        precondition(places > 0, "a flight has places")
        self.places = (0..<places).map { Place(number: $0 - places, departed: 0) }
    }

    /// The number of the next datagram of a place, which is under way from now on.
    public mutating func depart(_ place: Int, at moment: Int64) -> Int {
        let number = self.places[place].number + self.places.count
        self.places[place] = Place(number: number, departed: moment, isTaken: true)
        return number
    }

    /// Frees the place of the datagram that has come back, and says how long it took; `nil` when it is not under way: it
    /// has come already, or was given up.
    public mutating func arrive(_ number: Int, at moment: Int64) -> (place: Int, nanoseconds: Int64)? {
        let index = number % self.places.count
        guard self.places[index].isTaken, self.places[index].number == number else { return nil }
        self.places[index].isTaken = false
        return (index, moment - self.places[index].departed)
    }

    /// Gives up those that departed before a moment: their places, now free.
    public mutating func giveUp(departedBefore moment: Int64) -> [Int] {
        let late = self.places.indices.filter { self.places[$0].isTaken && self.places[$0].departed < moment }
        for index in late { self.places[index].isTaken = false }
        return late
    }
}
