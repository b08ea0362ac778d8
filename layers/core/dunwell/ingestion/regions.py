"""States and provinces as people write them: names to the codes that the contact rules go by."""

_NAMES = {
    "US": "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|"
    "DC District of Columbia|DC Washington DC|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|"
    "KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|"
    "MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|"
    "NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|"
    "SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|"
    "WV West Virginia|WI Wisconsin|WY Wyoming|PR Puerto Rico|GU Guam|VI Virgin Islands|VI US Virgin Islands|"
    "AS American Samoa|MP Northern Mariana Islands",
    "CA": "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NL Newfoundland|"
    "NS Nova Scotia|NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|QC Québec|"
    "SK Saskatchewan|YT Yukon|YT Yukon Territory",
}
_CODES = {
    country: {name.upper(): code for code, name in (one.split(" ", 1) for one in names.split("|"))}
    for country, names in _NAMES.items()
}


def region_code(name: str, country: str) -> str:
    """The code of a state or province of the United States or Canada; any other word as it is, in capitals."""
    plain = " ".join(name.upper().replace(".", "").split())
    return _CODES.get(country, {}).get(plain, plain if country in _CODES else name)
