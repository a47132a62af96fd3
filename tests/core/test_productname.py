"""Product names, however they are spelt."""

import pytest

from gatectl.core.productname import Product, misspelt, product_of


@pytest.mark.parametrize(
    ("vendor", "product", "expected"),
    [
        ("Citrix", "NetScaler ADC", Product.OURS),
        ("NetScaler", "ADC", Product.OURS),
        ("NetScaler", "Gateway", Product.OURS),
        ("NetSclaer", "NetScaler ADC", Product.OURS),
        ("NetSclaer", "Gateway", Product.OURS),
        ("Citrix NetScaler", "NetScaler Gateway", Product.OURS),
        ("Cloud Software Group", "NetScaler ADC\u202f", Product.OURS),
        ("citrix", "netscaler_application_delivery_controller", Product.OURS),
        ("n/a", "Citrix ADC and Citrix Gateway", Product.OURS),
        ("Citrix", "NetScaler", Product.OURS),
        ("NetScaler", "Console", Product.OTHER),
        ("Citrix", "NetScaler SDX (SVM)", Product.OTHER),
        ("Citrix", "Workspace App", Product.OTHER),
        ("n/a", "Citrix ADC, Citrix Gateway, Citrix SDWAN WAN-OP", Product.UNCERTAIN),
        ("Citrix", "Something new", Product.UNCERTAIN),
        ("Citrix", "Citrix", Product.UNCERTAIN),
        ("Array Networks", "ADC", Product.FOREIGN),
        ("Siemens", "COMOS", Product.FOREIGN),
        ("n/a", "n/a", Product.UNNAMED),
        ("", "", Product.UNNAMED),
    ],
)
def test_product_is_told_from_vendor_and_name(vendor: str, product: str, expected: Product) -> None:
    """One spelling too few would miss a record, one too many would read another product's."""
    assert product_of(vendor, product) is expected


def test_misspelt_vendor_is_named() -> None:
    """Whoever reviews the draft sees which word was taken for the vendor's."""
    assert misspelt("NetSclaer") == "netsclaer"
    assert misspelt("Citrix NetScaler ADC") == ""
