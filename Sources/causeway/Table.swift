/// Text in columns, each as wide as its widest cell; numbers stand at the right.
struct Table {
    enum Alignment {
        case left, right
    }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// - Parameter columns: the heads of the columns.
    init(_ columns: [(head: String, alignment: Alignment)]) {
        self.alignments = columns.map(\.alignment)
        self.rows = [columns.map(\.head)]
    }

    /// Adds a row of as many cells as there are columns; missing ones are empty.
    mutating func append(_ cells: [String]) {
        self.rows.append(cells)
    }

    /// The lines, the head first; without spaces at their ends.
    func lines() -> [String] {
        let widths = self.alignments.indices.map { column in
            self.rows.map { Self.width(of: $0, column) }.max() ?? 0
        }
        return self.rows.map { row in
            var line = ""
            for (column, alignment) in self.alignments.enumerated() {
                let cell = column < row.count ? row[column] : ""
                let padding = String(repeating: " ", count: widths[column] - Self.width(of: cell))
                if column > 0 { line += "  " }
                line += alignment == .right ? padding + cell : cell + padding
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private static func width(of row: [String], _ column: Int) -> Int {
        column < row.count ? self.width(of: row[column]) : 0
    }

    /// Characters that are seen: an escape sequence that colours takes no room.
    private static func width(of cell: String) -> Int {
        var count = 0
        var isEscape = false
        for character in cell {
            if character == "\u{1b}" { isEscape = true }
            if !isEscape { count += 1 }
            if character == "m" { isEscape = false }
        }
        return count
    }
}
