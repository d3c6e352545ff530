from accounts.models import Address
from accounts.regions import Region, is_county, is_region, provinces, region_name, regions_under


def test_every_county_is_reached_from_a_province_and_named():
    cities = [city for province in provinces() for city in regions_under(province.code)]
    counties = [county for city in cities for county in regions_under(city.code)]

    assert (len(provinces()), len(cities), len(counties)) == (34, 345, len({one.code for one in counties}))
    assert all(is_county(one.code) and region_name(one.code) for one in counties)
    assert len(counties) > 2900


def test_municipalities_and_places_without_prefecture_read_as_people_write_them():
    assert regions_under("310000") == (Region("310100", "上海市"),)
    assert region_name("310101") == "上海市 黄浦区"
    assert region_name("532930") == "云南省 大理白族自治州 洱源县"
    assert region_name("429004") == "湖北省 仙桃市"
    assert region_name("441900") == "广东省 东莞市"


def test_a_prefecture_without_counties_is_its_own_county():
    assert regions_under("441900") == (Region("441900", "东莞市"),)
    assert is_county("441900")


def test_places_that_are_no_further_divided_are_addressed_by_their_province():
    for code, name in (("710000", "台湾省"), ("810000", "香港特别行政区"), ("820000", "澳门特别行政区")):
        assert Region(code, name) in provinces()
        assert regions_under(code) == (Region(code, name),)
        assert (is_county(code), region_name(code)) == (True, name)
    assert not is_county("810001")


def test_the_picker_leads_to_an_address_in_hong_kong(client, arun):
    client.force_login(arun)
    typed = {
        "recipient": "阿润", "phone": "13800000009", "province": "810000", "city": "810000",
        "county": "810000", "detail": "弥敦道 1 号",
    }  # fmt: skip

    answer = client.post("/me/addresses/new/", typed)

    assert answer.status_code == 302
    made = Address.objects.get(user=arun)
    assert (made.region_code, made.region) == ("810000", "香港特别行政区")


def test_what_is_no_place_is_none():
    for code in ("", "12", "999999", "53293", "5329300", "None", "#53000"):
        assert (is_region(code), is_county(code), region_name(code), regions_under(code)) == (
            False, False, "", (),
        )  # fmt: skip
    assert (is_county("530000"), is_county("532900")) == (False, False)


def test_the_api_gives_the_steps(client):
    def codes(**query):
        return [one["code"] for one in client.get("/api/v1/regions/", query).json()]

    assert len(codes()) == 34
    assert "532900" in codes(under="530000")
    assert "532930" in codes(under="532900")
    assert codes(under="x" * 5000) == []
