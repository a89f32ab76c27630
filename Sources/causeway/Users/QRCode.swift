import CQREncode

/// A QR code for a terminal (ISO/IEC 18004), made by libqrencode.
struct QRCode {
    /// Light modules around the code, as the standard wants them.
    private static let margin = 4

    private let width: Int
    private let isDark: [Bool]

    /// `nil` for more text than a code holds.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let code = QRcode_encodeData(CInt(bytes.count), bytes, 0, QR_ECLEVEL_M) else { return nil }
        defer { QRcode_free(code) }
        self.width = Int(code.pointee.width)
        self.isDark = (0..<self.width * self.width).map { code.pointee.data[$0] & 1 == 1 }
    }

    /// Two rows of modules to a line of half blocks. Light is what is printed, so that a dark terminal shows the code as
    /// it should be; scanners read the inverse of a light one as well.
    var lines: [String] {
        stride(from: -Self.margin, to: self.width + Self.margin, by: 2).map { row in
            (-Self.margin..<self.width + Self.margin).map { column in
                switch (self.isLight(row, column), self.isLight(row + 1, column)) {
                case (true, true): "█"
                case (true, false): "▀"
                case (false, true): "▄"
                case (false, false): " "
                }
            }.joined()
        }
    }

    private func isLight(_ row: Int, _ column: Int) -> Bool {
        guard (0..<self.width).contains(row), (0..<self.width).contains(column) else { return true }
        return !self.isDark[row * self.width + column]
    }
}
