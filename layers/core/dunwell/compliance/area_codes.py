"""North American area codes and the time zones a number with that code may be in.

Phone libraries answer with the most common zone of a code; a caller needs every zone, because it may call only when
all of them are inside the permitted hours. Codes that straddle a zone line are therefore listed under both.
A code that is in none of the lists may be new, and may be anywhere.
"""

_ZONES = {
    # Eastern
    "America/New_York": """
        201 202 203 207 212 215 216 220 223 227 229 234 239 240 248 252 260 267 272 276 283 301 302 304 305
        313 315 317 321 324 326 329 330 332 336 339 347 351 352 363 380 386 401 404 407 410 412 413 419 434 436 440
        443 445 463 470 472 475 478 484 502 508 513 516 517 518 540 551 561 567 570 571 582 585 586 603 607 609 610
        614 616 617 624 631 640 645 646 656 667 678 680 681 686 689 703 704 706 716 717 718 724 727 728 732 734 740
        743 754 757 762 765 770 771 772 774 781 786 802 803 804 810 813 814 821 826 828 835 838 839 843 845 848 854
        856 857 859 860 862 863 864 865 878 904 908 910 912 914 917 919 929 934 937 941 943 947 948 954 959 973
        978 980 984 989 231 269 679""",
    # Central
    "America/Chicago": """
        205 210 214 217 218 224 225 228 235 251 254 256 262 274 281 309 312 314 316 318 319 320 325 327 331 334 337
        346 353 361 405 409 414 417 430 447 457 464 469 471 479 501 504 507 512 515 534 539 557 563 572 573 580 601
        608 612 615 618 629 630 636 641 651 659 660 662 682 708 712 713 715 726 730 731 737 763 769 773 779 806 815
        816 817 830 832 847 861 870 872 901 903 913 918 920 924 931 936 938 940 945 952 956 972 975 979 985""",
    # Mountain
    "America/Denver": "303 307 385 406 435 505 575 719 720 748 801 970 983",
    "America/Phoenix": "480 520 602 623",
    # Pacific, Alaska, Hawaii
    "America/Los_Angeles": """
        206 209 213 253 279 310 323 341 350 357 360 369 408 415 424 425 442 503 509 510 530 559 562 564 619 626 628
        650 657 661 669 702 707 714 725 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951 971""",
    "America/Anchorage America/Adak": "907",
    "Pacific/Honolulu": "808",
    # Codes on a zone line
    "America/New_York America/Chicago": "219 270 364 423 448 574 606 729 812 850 906 930",
    "America/Chicago America/Denver": "308 402 432 531 605 620 701 785 915",
    "America/Boise America/Los_Angeles": "208 458 541 775 986",
    "America/Phoenix America/Denver": "928",
    # Territories of the United States
    "America/Puerto_Rico": "787 939",
    "America/St_Thomas": "340",
    "Pacific/Guam": "671",
    "Pacific/Saipan": "670",
    "Pacific/Pago_Pago": "684",
    # Canada
    "America/Toronto": """
        226 249 263 273 289 343 354 365 382 416 437 438 450 468 514 519 548 579 613 647 683 705 742 753 819 873 905
        942""",
    "America/Toronto America/Halifax America/Blanc-Sablon": "367 418 581",
    "America/Toronto America/Winnipeg America/Atikokan": "807",
    "America/Winnipeg": "204 431 584",
    "America/Regina America/Edmonton": "306 474 639",
    "America/Edmonton": "368 403 587 780 825",
    "America/Vancouver America/Edmonton America/Fort_Nelson": "236 250 257 672 778",
    "America/Vancouver": "604",
    "America/Halifax": "428 506 782 902",
    "America/St_Johns America/Halifax": "709 879",
    "America/Whitehorse America/Edmonton America/Winnipeg America/Toronto America/Atikokan": "867",
    # Caribbean and Atlantic countries that share the numbering plan
    "America/Anguilla": "264",
    "America/Antigua": "268",
    "America/Barbados": "246",
    "America/Cayman": "345",
    "America/Dominica": "767",
    "America/Grand_Turk": "649",
    "America/Grenada": "473",
    "America/Jamaica": "658 876",
    "America/Lower_Princes": "721",
    "America/Montserrat": "664",
    "America/Nassau": "242",
    "America/Port_of_Spain": "868",
    "America/Santo_Domingo": "809 829 849",
    "America/St_Kitts": "869",
    "America/St_Lucia": "758",
    "America/St_Vincent": "784",
    "America/Tortola": "284",
    "Atlantic/Bermuda": "441",
}

AREA_CODE_ZONES: dict[str, tuple[str, ...]] = {
    code: tuple(zones.split()) for zones, codes in _ZONES.items() for code in codes.split()
}

# Toll-free, personal, premium and machine numbers: they say nothing about a place.
_NON_GEOGRAPHIC = """
    456 500 521 522 523 524 525 526 527 528 529 532 533 535 538 542 543 544 545 546 547 549 550 552 553 554 556 558
    566 569 577 578 588 589 600 622 633 644 655 677 688 700 710 800 822 833 844 855 866 877 880 881 882 883 884 885
    886 887 888 889 900"""
NON_GEOGRAPHIC = frozenset(_NON_GEOGRAPHIC.split())
